"""What every search of Graftwork shares; it knows neither trees nor GANs."""

__version__ = "0.1.0"

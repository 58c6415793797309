"""Generators found by architecture search: A-GAN's cells, and networks made of them."""

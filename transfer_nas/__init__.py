"""Networks of one attribute, and search strategies that carry over to other domains."""

"""One comparison of any number of runs, in several formats; reads run folders alone."""

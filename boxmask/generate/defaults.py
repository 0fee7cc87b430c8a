"""What generation does when nobody says otherwise. No imports: the command line names it in its help."""

# The reference procedure looks at 9 frames, 5 apart in a video of 30 frames a second, in 15 steps (paper section 3.4).
WINDOW = 9
STRIDE = 5
ITERATIONS = 15
# Crop side over box side, by constructor: the paper's for its network; less for the small crop of the lite one.
SEARCH_FACTORS = {"boxmask_resnet50": 4.0, "boxmask_lite": 2.0}

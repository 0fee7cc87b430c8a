"""What generation does when nobody says otherwise. No imports: the command line names it in its help."""

# What masks are made by; the first is the default.
METHODS = ("network", "box", "grabcut")
# On held-out clips of DAVIS chunk and sliding windows of 5 to 15 frames have the same J within .002, with or without an
# overlap; a frame alone loses .02. Sliding takes three to four times as long.
WINDOWS = "chunk"
# The reference procedure looks at 9 frames, 5 apart in a video of 30 frames a second, in 15 steps (paper section 3.4).
WINDOW = 9
STRIDE = 5
OVERLAP = 0
ITERATIONS = 15
# Crop side over box side, by constructor: the paper's for its network; less for the small crop of the lite one.
SEARCH_FACTORS = {"boxmask_resnet50": 4.0, "boxmask_lite": 1.5}
# How often masks are refined, by constructor: once as in the paper; twice where it is cheap, and a little better.
REFINEMENTS = {"boxmask_resnet50": 1, "boxmask_lite": 2}
# With how many frames before and after it a mask is smoothed, by constructor: not at all in the paper.
SMOOTHING = {"boxmask_resnet50": 0, "boxmask_lite": 5}
# Of a boxmask_lite that was trained for minutes on sample clips: it needs to see more around the box, and a second
# refinement makes its masks no better.
SAMPLES_SEARCH_FACTOR = 2.0
SAMPLES_REFINEMENTS = 1
# Seconds without a sign of life after which others take over what a worker had.
CLAIM_TIMEOUT = 600.0
# Windows that go through the network at once, by type of device. More would gain nothing on a CPU.
BATCH = {"cpu": 1, "cuda": 4}

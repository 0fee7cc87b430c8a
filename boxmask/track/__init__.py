"""Trackers of either host on video files: `python run_video.py <tracker> <parameters> <video>`."""

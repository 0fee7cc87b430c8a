"""A tracker on a video file, on the host in use: `python run_video.py boxmask lite VIDEO --optional_box X Y W H`."""

import sys

from boxmask.launch import activate_host, video

arguments = activate_host(sys.argv[1:])

if __name__ == "__main__":
    sys.exit(video(arguments))

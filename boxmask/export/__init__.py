"""Generated masks in other layouts: a YouTube-VOS tree, COCO's JSON for videos, a zip file."""

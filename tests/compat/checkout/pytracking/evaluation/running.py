import multiprocessing
import os
from itertools import product


def run_sequence(seq, tracker, debug=False, visdom_info=None):
    try:
        box = tracker.run_sequence(seq)
    except ValueError as error:
        print(error)
        return
    os.makedirs(tracker.results_dir, exist_ok=True)
    with open(os.path.join(tracker.results_dir, f"{seq.name}.txt"), "w") as file:
        file.write(box)


def run_dataset(dataset, trackers, debug=False, threads=0, visdom_info=None):
    jobs = [(seq, tracker, debug, visdom_info) for seq, tracker in product(dataset, trackers)]
    if threads == 0:
        for job in jobs:
            run_sequence(*job)
    else:
        with multiprocessing.get_context("spawn").Pool(threads) as pool:
            pool.starmap(run_sequence, jobs)
    print("Done")

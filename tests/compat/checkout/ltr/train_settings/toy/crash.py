from ltr.trainers.base_trainer import BaseTrainer


class Trainer(BaseTrainer):
    def train_epoch(self):
        print(f"epoch {self.epoch}")
        if self.epoch == 2:
            raise ValueError("a frame is missing")


def run(settings):
    Trainer().train(3, fail_safe=True)

class BaseTrainer:
    def __init__(self):
        self.epoch = 0
        self.saved = 0

    def train(self, max_epochs, load_latest=False, fail_safe=True):
        for _ in range(10):
            try:
                if load_latest:
                    self.epoch = self.saved
                for epoch in range(self.epoch + 1, max_epochs + 1):
                    self.epoch = epoch
                    self.train_epoch()
                    self.saved = epoch
            except BaseException:
                if not fail_safe:
                    raise
                self.epoch -= 1
                load_latest = True
        print("Finished training!")

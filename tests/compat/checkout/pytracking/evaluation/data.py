class SequenceList(list):
    def __getitem__(self, item):
        if isinstance(item, str):
            for sequence in self:
                if sequence.name == item:
                    return sequence
            raise IndexError("Sequence name not in the dataset.")
        return super().__getitem__(item)

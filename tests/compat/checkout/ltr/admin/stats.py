class StatValue:
    pass


class AverageMeter:
    pass

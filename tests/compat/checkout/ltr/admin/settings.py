from ltr.admin.environment import env_settings


class Settings:
    def __init__(self):
        self.env = env_settings()

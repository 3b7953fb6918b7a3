from django.apps import AppConfig


class MarketdataConfig(AppConfig):
    name = "marketdata"
    verbose_name = "Market data"

    def ready(self) -> None:
        from marketdata.selectors import instrument_symbol
        from notifications.alerts.symbols import symbol_check_register

        symbol_check_register(instrument_symbol)

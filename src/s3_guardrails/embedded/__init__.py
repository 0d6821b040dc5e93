"""An AWS on this machine: moto made strict and corrected, AWS Config played, the real handlers invoked.

`server` serves it, `s3_service`, `kms_service` and `config_service` answer where moto's answers are not AWS's, `fault`
refuses and throttles, `runtime` is Lambda, `player` is AWS Config, `seed` fills an account, `demo` shows the outcome.
`organization` makes further accounts; `place` keeps apart what AWS keeps apart by account and Region.
"""

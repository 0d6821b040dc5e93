"""The live reader: S3 and KMS APIs → facts. Lazy (one fact at a time), read-only, safe to use from several threads.

`live.reader` holds LiveReader, `live.clients` the clients it asks, `live.resolve` what an alias or a tag stands for;
`live.shape` reads AWS's JSON, which API answers and configuration items share, and needs no SDK.
"""

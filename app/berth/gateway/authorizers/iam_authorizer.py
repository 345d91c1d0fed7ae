"""The AWS_IAM authorizer: verifies signatures of the access keys that the stage names."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from berth.errors import SignatureInvalid
from berth.gateway.authorizers.sigv4 import read_signature, verify_signature
from berth.model.authorizer import Authorizer
from berth.model.call import Call, Identity


@dataclass
class IamAuthorizer:
    """One AWS_IAM authorizer of a stage."""

    authorizer: Authorizer
    clock: Callable[[], float] = time.time

    def authorize(self, call: Call) -> Identity:
        """The identity of a caller who signed the request with one of the keys.

        Raises SignatureMissing or SignatureInvalid.
        """
        route, signature = call.route, read_signature(call.request)
        known = {each.access_key_id: each for each in self.authorizer.credentials}
        credential = known.get(signature.access_key_id)
        if credential is None or (signature.region, signature.service) != (
            route.stage.region,
            route.function.api.signing_service,
        ):
            raise SignatureInvalid("the key, its region or its service is another")
        now, stage_path = self.clock(), route.wire_path
        verify_signature(call.request, signature, credential.secret_access_key, now, stage_path)
        return Identity(kind="iam", credential=credential)

"""AWS_IAM for access keys that the stage names: their signatures are verified here."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from berth.errors import SignatureInvalid
from berth.gateway.authorizers.sigv4 import read_signature, verify_signature
from berth.model.authorizer import Authorizer
from berth.model.gateway_context import Identity, Stamp
from berth.model.http import HttpRequest
from berth.model.route import Route


@dataclass
class IamAuthorizer:
    """One AWS_IAM authorizer of a stage."""

    authorizer: Authorizer
    clock: Callable[[], float] = time.time

    def authorize(self, route: Route, request: HttpRequest, stamp: Stamp) -> Identity:
        """The identity of a caller who signed with one of the keys.

        Raises SignatureMissing or SignatureInvalid.
        """
        service = "lambda" if route.function.api == "url" else "execute-api"
        signature = read_signature(request)
        known = {each.access_key_id: each for each in self.authorizer.credentials}
        credential = known.get(signature.access_key_id)
        if credential is None or (signature.region, signature.service) != (route.stage.region, service):
            raise SignatureInvalid("the key, its region or its service is another")
        now, stage_path = self.clock(), route.wire_path
        verify_signature(request, signature, credential.secret_access_key, now, stage_path)
        return Identity(kind="iam", credential=credential)

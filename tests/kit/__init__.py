"""What tests share: real servers, functions under test, cases of the contract."""

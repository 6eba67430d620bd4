Feature: Ordering a telephone line

  Scenario: A revocation within ten workdays is accepted, and the data is discarded
    Given a NewOrder of ord-1:
      | customer |
      | ada      |
    And PartsWereDelivered
    And 10 EndOfWorkday
    When OrderRevocation
    Then RevocationWasAccepted:
      | customer | after_workdays |
      | ada      | 10             |
    And OrderDataWasDiscarded:
      | because |
      | revoked |

  Scenario: A revocation after more than ten workdays is rejected, and the order goes on
    Given a NewOrder of ord-1:
      | customer |
      | ada      |
    And PartsWereDelivered
    And 11 EndOfWorkday
    When OrderRevocation
    Then RevocationWasRejected:
      | after_workdays |
      | 11             |
    When LineWasActivated
    Then OrderDataWasDiscarded:
      | because   |
      | completed |

  Scenario: Weekends and holidays do not shorten the time to revoke
    Given the story begins on 2026-04-02
    And a NewOrder of ord-1:
      | customer |
      | ada      |
    And PartsWereDelivered
    And it is 2026-04-20
    When OrderRevocation
    Then RevocationWasAccepted
    And OrderDataWasDiscarded

  Scenario: The supplier is reminded every five workdays until the parts come
    Given a NewOrder of ord-1:
      | customer |
      | ada      |
    And 4 workdays have passed
    When a workday passes
    Then SupplierWasReminded:
      | reminder |
      | 1        |
    When 5 workdays pass
    Then SupplierWasReminded:
      | reminder |
      | 2        |
    When PartsWereDelivered
    And 20 workdays pass
    Then Nothing

  Scenario: Thirty inactive workdays discard the data
    Given a NewOrder of ord-1:
      | customer |
      | ada      |
    And PartsWereDelivered
    And 29 workdays have passed
    When EndOfWorkday
    Then OrderDataWasDiscarded:
      | because                  |
      | inactive for 30 workdays |
    When 40 workdays pass
    Then Nothing

  Scenario: A fact of the order starts the thirty workdays anew
    Given a NewOrder of ord-1:
      | customer |
      | ada      |
    And PartsWereDelivered
    And 29 workdays have passed
    And PartsWereDelivered
    When 29 workdays pass
    Then Nothing
    When a workday passes
    Then OrderDataWasDiscarded of ord-1

  Scenario: Orders do not know of each other
    Given a NewOrder of ord-1:
      | customer |
      | ada      |
    And 3 workdays have passed
    And a NewOrder of ord-2:
      | customer |
      | bob      |
    When 5 workdays pass
    Then SupplierWasReminded of ord-1
    And SupplierWasReminded of ord-2

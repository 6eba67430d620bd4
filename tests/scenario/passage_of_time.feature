Feature: Passage of time

  Scenario: An invoice that is not paid becomes overdue
    Given CustomerWasInvoiced
    And 29 DayHasPassed
    When DayHasPassed
    Then InvoiceBecameOverdue

  Scenario: An invoice that is paid does not
    Given CustomerWasInvoiced
    And 29 DayHasPassed
    And PaymentWasMade
    When DayHasPassed
    Then Nothing

  Scenario: The same in prose
    Given a CustomerWasInvoiced of inv-7
    And 29 days have passed
    When a day passes
    Then an InvoiceBecameOverdue of inv-7

  Scenario: It comes when it comes
    Given CustomerWasInvoiced
    Then eventually InvoiceBecameOverdue by 2026-02-04

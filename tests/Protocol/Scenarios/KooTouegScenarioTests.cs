using Checkpointing.Protocol.Tests.KooToueg;
using Checkpointing.Protocol.Tests.KooToueg.Mutants;
using Xunit.Sdk;

namespace Checkpointing.Protocol.Tests.Scenarios;

/// <summary>The rows of koo-toueg-checkpoint.json, played on the reference.</summary>
public sealed class KooTouegScenarioTests
{
    private static readonly KooTouegScenario[] Rows = Scenario.Read<KooTouegScenario>("koo-toueg-checkpoint.json");

    public static TheoryData<string> Ids => [.. Rows.Select(row => row.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Algorithm_C_does_what_the_row_says(string id) => Play(id, Rules.Literal);

    [Fact]
    public void Row_S12_notices_an_undo_that_does_not_restore()
    {
        AssertFails("S12", MutantRules.UndoDoesNotRestoreFirstLabelSent, "firstLabelSent");
        AssertFails("S12", MutantRules.UndoDoesNotRestoreLastLabelReceived, "lastLabelReceived");
        AssertFails("S12", MutantRules.UnwillingForEver, "takesCheckpoint");
    }

    [Fact]
    public void Row_S13_notices_a_commit_that_forgets_what_was_received_meanwhile()
        => AssertFails("S13", MutantRules.LastLabelReceivedClearedAtCommit, "lastLabelReceived");

    [Fact]
    public void Row_S14_notices_unguarded_forwarding()
        => AssertFails("S14", MutantRules.UnguardedDecision, "does not end");

    [Fact]
    public void Row_on_unwilling_bystanders_notices_a_needless_no()
        => AssertFails("unwilling-bystander", MutantRules.UnwillingKillsTheRound, "votes");

    [Fact]
    public void Row_S09_notices_a_wait_cycle()
        => AssertFails("S09", MutantRules.SecondTakeWaitsForTheVote, "votes");

    [Fact]
    public void Row_S06_notices_a_comparison_that_is_too_strict()
        => AssertFails("S06", MutantRules.StrictComparison, "takesCheckpoint");

    private static void Play(string id, Rules rules)
    {
        var row = Rows.Single(row => row.Id == id);
        var player = new KooTouegScenarioPlayer(row, rules);
        player.PlayHistory();
        foreach (var (index, round) in row.Rounds.Index())
        {
            Scenario.AssertExpected($"{row}, round {index + 1}", round.Expect, player.Play(round));
        }
    }

    private static void AssertFails(string id, Rules mutant, string because)
        => Assert.Contains(because, Assert.ThrowsAny<XunitException>(() => Play(id, mutant)).Message, StringComparison.Ordinal);
}

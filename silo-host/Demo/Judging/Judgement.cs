namespace Checkpointing.SiloHost.Demo.Judging;

/// <summary>What the judge found.</summary>
/// <param name="Violations">Broken promises; empty when all held.</param>
/// <param name="Acknowledged">Transfers acknowledged since the last judgement.</param>
/// <param name="Rounds">Checkpoints committed since the last judgement.</param>
/// <param name="Lost">Of the acknowledged transfers, how many are gone.</param>
/// <param name="HadToRollBack">How many surviving grains certainly had to roll back.</param>
internal sealed record Judgement(IReadOnlyList<Violation> Violations, int Acknowledged, int Rounds, int Lost, int HadToRollBack);

/// <summary>A broken promise.</summary>
internal sealed record Violation(JudgeRule Rule, string Text)
{
    public override string ToString() => $"{Rule}: {Text}";
}

/// <summary>What the judge checks.</summary>
internal enum JudgeRule
{
    /// <summary>A period without a transfer that was acknowledged before the fault tests nothing.</summary>
    NoTransfers,

    /// <summary>A period in which no transfer of it was in a committed checkpoint before the fault tests nothing.</summary>
    NoCheckpoint,

    /// <summary>An account that was permanent is missing or different.</summary>
    AccountsMissing,

    /// <summary>Money was made or lost.</summary>
    TotalChanged,

    /// <summary>A transfer is there in part, or a balance does not fit its postings.</summary>
    BooksDisagree,

    /// <summary>The bank has a transfer that nobody sent, or another than was sent.</summary>
    NeverSent,

    /// <summary>An acknowledged transfer is gone that no fault may have undone.</summary>
    AcknowledgedLost,

    /// <summary>A transfer that was done, and that no fault may have undone, was refused when it was sent again.</summary>
    RepetitionRefused,

    /// <summary>A transfer that an earlier judgement showed to be permanent is gone.</summary>
    SurvivorLost,

    /// <summary>A transfer that an earlier fault had undone is back, though nobody sent it again.</summary>
    UndoneCameBack,

    /// <summary>A grain was rolled back that cannot have depended on lost work.</summary>
    RolledBackWithoutCause,

    /// <summary>A grain that lived on was not rolled back, though it had certainly received what was lost, or has done what is gone.</summary>
    NotRolledBack,
}

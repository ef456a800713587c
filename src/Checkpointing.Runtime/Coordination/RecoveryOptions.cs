namespace Checkpointing.Runtime.Coordination;

/// <summary>How long grains that are ready to roll back wait for others, and how long is remembered what was found out.</summary>
internal sealed class RecoveryOptions
{
    /// <summary>RB-21: so long they wait for the answer of a grain that cannot be asked, because its storage is down or its record damaged.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>RB-21: so long a silo that installs facts waits for a grain to look at its ledger, which it cannot while its code does not return.</summary>
    public TimeSpan ExaminationPatience { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>RB-23: so long silos remember at least where lives have ended and where others are. Coordinators remember it half as long.</summary>
    public TimeSpan Memory { get; set; } = TimeSpan.FromMinutes(10);
}

namespace Checkpointing.SiloHost.Demo.Judging;

/// <summary>The kill of a single silo, as an observer outside sees it.</summary>
/// <param name="GrainsThere">The grains that may have been active on the silo.</param>
/// <param name="KilledAt">A moment at which it still lived.</param>
internal sealed record SiloLoss(IReadOnlySet<string> GrainsThere, DateTimeOffset KilledAt)
{
    /// <summary>The grains that certainly were: this silo had said so, and no other one.</summary>
    public IReadOnlySet<string> CertainlyThere { get; init; } = new HashSet<string>();

    /// <summary>The grains that certainly were on one of the silos that live on.</summary>
    public IReadOnlySet<string> Survivors { get; init; } = new HashSet<string>();

    /// <summary>A moment at which it still lived, in the judge's count.</summary>
    public long LostAt { get; set; } = long.MaxValue;

    /// <summary>The first moment at which its process had certainly ended, in the judge's count.</summary>
    public long GoneAt { get; set; } = long.MaxValue;

    /// <summary>The first moment at which another silo knew of it. Until then no lost grain can have started again.</summary>
    public DateTimeOffset NoticedAt { get; set; } = DateTimeOffset.MaxValue;

    /// <summary>Everything works again, and no rollback is pending: what is sent from now on cannot be undone by this loss.</summary>
    public bool IsOver { get; set; }
}

using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.Logging;

namespace Checkpointing.Runtime.Coordination;

/// <summary>The silos from which the coordinator of rollbacks awaits answers: all that are not gone, but not those without the library or with another version of it (SPEC K15).</summary>
internal sealed partial class SilosInReach(
    IClusterMembershipService membership, IClusterManifestProvider manifests, SilosThatDiffer differing, ILogger<SilosInReach> logger)
{
    private readonly HashSet<SiloAddress> _reported = [];

    /// <summary>What else there is, if anything.</summary>
    public string? ExplainOthers() => differing.Explain();

    /// <summary>The membership, whenever it or what is known of its silos has changed.</summary>
    public async IAsyncEnumerable<(MembershipVersion Version, IReadOnlyList<SiloAddress> Silos)> Updates([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        _ = WatchMembership(changed.Writer, cancellationToken);
        _ = Watch(manifests.Updates, changed.Writer, cancellationToken);
        await foreach (var _ in changed.Reader.ReadAllAsync(cancellationToken))
        {
            var snapshot = membership.CurrentSnapshot;
            yield return (snapshot.Version, [.. snapshot.SilosWithGrains().Where(IsInReach)]);
        }
    }

    /// <summary>It ends with the silo; then there are no more updates.</summary>
    private async Task WatchMembership(ChannelWriter<bool> changed, CancellationToken cancellationToken)
    {
        await Watch(membership.MembershipUpdates, changed, cancellationToken);
        changed.TryComplete();
    }

    private static async Task Watch<T>(IAsyncEnumerable<T> updates, ChannelWriter<bool> changed, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var _ in updates.WithCancellation(cancellationToken))
            {
                changed.TryWrite(true);
            }
        }
        catch (OperationCanceledException)
        {
            // The coordinator stops.
        }
    }

    private bool IsInReach(SiloAddress silo)
    {
        if (differing.LibraryOf(silo) == SiloLibrary.OtherVersion && _reported.Add(silo))
        {
            LogSpeaksDifferently(logger, silo);
        }

        return !differing.Differs(silo);
    }

    [LoggerMessage(1, LogLevel.Error, "Silo {Silo} has a version of AddCheckpointing that speaks differently. No checkpoint is taken until it is gone, and a recovery from the loss of a silo does not wait for it: of its grains those that depend on lost work go on until then, and so may those that hear from them; whoever waits for an answer from lost work rolls back. Upgrade or stop it")]
    private static partial void LogSpeaksDifferently(ILogger logger, SiloAddress silo);
}

using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Participants;

namespace Checkpointing.Runtime.Silos;

/// <summary>Participants look at their ledgers, each in a turn of its own. One whose turns are blocked, by code that is slow or does not return, must not keep the others waiting for ever.</summary>
internal static class Examinations
{
    /// <summary>What they find, in the same order. Of those that do not come to a turn in time it is only said that they are blocked.</summary>
    /// <param name="hosts">Who looks.</param>
    /// <param name="patience">So long one is waited for. One that was waited for so long before, and has not looked since, is not waited for again.</param>
    /// <param name="onFoundLate">Told what one of those finds that were not waited for.</param>
    /// <param name="time">The clock.</param>
    public static async Task<ParticipantFinding[]> Of(IEnumerable<ParticipantHost> hosts, TimeSpan patience, Action<ParticipantFinding> onFoundLate, TimeProvider time)
    {
        var examined = hosts.Select(host => (Host: host, Look: host.Rollback.Examine())).ToList();
        var looks = Task.WhenAll(examined.Where(one => time.GetElapsedTime(one.Look.Since) < patience).Select(one => one.Look.Task));
        if (!looks.IsCompleted)
        {
            using var waiting = new CancellationTokenSource();
            await Task.WhenAny(looks, Task.Delay(patience, time, waiting.Token));
            await waiting.CancelAsync();
        }

        var findings = new ParticipantFinding[examined.Count];
        for (var i = 0; i < findings.Length; i++)
        {
            var (host, look) = examined[i];
            findings[i] = look.Task.IsCompleted ? await look.Task : ParticipantFinding.Blocked(host.Activation.Ledger.Life);
            if (findings[i].IsBlocked)
            {
                look.GiveUp(onFoundLate);
            }
        }

        return findings;
    }
}

/// <summary>A turn in which a participant looks at its ledger, and which is awaited.</summary>
internal sealed class Examination(long since) : TaskCompletionSource<ParticipantFinding>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    private bool _isGivenUp;

    /// <summary>Since when it is awaited.</summary>
    public long Since { get; } = since;

    /// <summary>Somebody does not wait any longer. What is found in the end goes there, once.</summary>
    public void GiveUp(Action<ParticipantFinding> onFound)
    {
        if (!Interlocked.Exchange(ref _isGivenUp, true))
        {
            Task.ContinueWith(look => onFound(look.Result), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        }
    }
}

/// <summary>What a participant found in its ledger.</summary>
/// <param name="Orphan">Its life, if it depends on undone work, or could not look.</param>
/// <param name="IsReported">The coordinator knows that already.</param>
/// <param name="Suspects">Lives of lost silos from which it has received.</param>
internal readonly record struct ParticipantFinding(Life? Orphan, bool IsReported, ImmutableArray<Suspect> Suspects)
{
    public static ParticipantFinding None { get; } = new(null, false, []);

    /// <summary>Its turns are blocked: it has not looked.</summary>
    public bool IsBlocked { get; private init; }

    public static ParticipantFinding Blocked(Life life) => new(life, false, []) { IsBlocked = true };
}

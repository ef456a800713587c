using Checkpointing.Runtime.Participants;

namespace Checkpointing.Runtime.Silos;

/// <summary>Participants look at their ledgers, each in a turn of its own. One whose turns are blocked, by code that does not return, must not keep the others waiting for ever.</summary>
internal static class Examinations
{
    /// <summary>What they find, in the same order. Of those that do not come to a turn in time it is only said that they are blocked.</summary>
    /// <param name="hosts">Who looks.</param>
    /// <param name="patience">So long one is waited for. One that was waited for so long before, and has not looked since, is not waited for again.</param>
    /// <param name="time">The clock.</param>
    public static async Task<ParticipantFinding[]> Of(IEnumerable<ParticipantHost> hosts, TimeSpan patience, TimeProvider time)
    {
        var examined = hosts.Select(host => (Host: host, Looks: host.Rollback.Examine(out var since), Since: since)).ToList();
        var looks = Task.WhenAll(examined.Where(one => time.GetElapsedTime(one.Since) < patience).Select(one => one.Looks));
        if (!looks.IsCompleted)
        {
            using var waiting = new CancellationTokenSource();
            await Task.WhenAny(looks, Task.Delay(patience, time, waiting.Token));
            await waiting.CancelAsync();
        }

        if (looks.IsFaulted)
        {
            await looks;
        }

        return [.. examined.Select(one => one.Looks.IsCompletedSuccessfully ? one.Looks.Result : ParticipantFinding.Blocked(one.Host.Activation.Ledger.Life))];
    }
}

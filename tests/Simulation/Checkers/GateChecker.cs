namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>Guarantee G5: no gate stays closed longer than the bound.</summary>
internal sealed class GateChecker(long bound, Action<string, string> report)
{
    private readonly SortedDictionary<string, long> _closedSince = new(StringComparer.Ordinal);

    public long LongestPause { get; private set; }

    public void OnClosed(string participant, long now) => _closedSince[participant] = now;

    public void OnOpened(string participant, long now)
    {
        if (_closedSince.Remove(participant, out var since))
        {
            LongestPause = Math.Max(LongestPause, now - since);
            if (now - since > bound)
            {
                report("pause bound", $"the gate of {participant} was closed for {now - since} ms, {bound} are allowed");
            }
        }
    }

    public void JudgeAllOpen()
    {
        foreach (var (participant, since) in _closedSince)
        {
            report("pause bound", $"the gate of {participant} is closed for ever, since {since}");
        }
    }
}

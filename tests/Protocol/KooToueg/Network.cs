using Checkpointing.Protocol.Consistency;
using Checkpointing.Protocol.Tests.KooToueg.Rollback;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>
/// Carries control messages. It is reliable between live processes and, unless told otherwise, not FIFO: any message in flight may
/// be the next. What is sent to a failed process is lost. A failure notice stays behind what the failed process had sent before.
/// </summary>
internal sealed class Network(bool isFifo)
{
    private readonly List<ControlMessage> _inFlight = [];
    private readonly HashSet<ProcessName> _failed = [];

    public IReadOnlyList<ControlMessage> InFlight => _inFlight;

    public bool HasFailed(ProcessName process) => _failed.Contains(process);

    public void Send(ControlMessage message)
    {
        if (!_failed.Contains(message.To))
        {
            _inFlight.Add(message);
        }
        else if (message is TakeTentative or PrepareToRollBack)
        {
            _inFlight.Add(new FailureNotice(message.Round, message.To, message.From));
        }
    }

    /// <summary>Takes the message at this index out, or the one that must come before it on its channel.</summary>
    public ControlMessage Take(int index)
    {
        var chosen = _inFlight[index];
        var next = isFifo || chosen is FailureNotice
            ? _inFlight.FindIndex(message => message.From == chosen.From && message.To == chosen.To)
            : index;
        var taken = _inFlight[next];
        _inFlight.RemoveAt(next);
        return taken;
    }

    public void Fail(RoundNumber round, ProcessName process, IEnumerable<ProcessName> others)
    {
        _failed.Add(process);
        _inFlight.RemoveAll(message => message.To == process);
        _inFlight.AddRange(others.Where(other => other != process && !_failed.Contains(other)).Select(other => new FailureNotice(round, process, other)));
    }

    public void Restart(ProcessName process) => _failed.Remove(process);
}

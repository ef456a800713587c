using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// Enumerations (IAsyncEnumerable methods) that callers have begun and not ended. Between two calls of the enumeration protocol the method's code is
/// suspended in the middle, so an open enumeration counts as a running handler (SPEC K10), and its next call continues what is counted already: it
/// passes a closed gate. A caller that stays away longer than <see cref="IdleLimit"/> no longer holds up a checkpoint.
/// </summary>
internal sealed class OpenEnumerations(TimeProvider time)
{
    public static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(1);

    private const int ManyOpen = 64;

    private readonly Dictionary<Guid, long> _lastUse = [];

    public bool AnyInUse
    {
        get
        {
            foreach (var (_, last) in _lastUse)
            {
                if (time.GetElapsedTime(last) < IdleLimit)
                    return true;
            }

            return false;
        }
    }

    public bool Continues(IInvokable request) => _lastUse.Count > 0 && EnumerationCall.TryGetId(request, out var id) && _lastUse.ContainsKey(id);

    public void CallEnded(Guid id, Response? answer)
    {
        if (!EnumerationCall.LeavesOpen(answer))
        {
            _lastUse.Remove(id);
            return;
        }

        if (_lastUse.Count >= ManyOpen)
            ForgetIdle();

        _lastUse[id] = time.GetTimestamp();
    }

    private void ForgetIdle()
    {
        foreach (var (id, last) in _lastUse)
        {
            if (time.GetElapsedTime(last) >= IdleLimit)
                _lastUse.Remove(id);
        }
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>The enumerations of one relay that are open.</summary>
internal sealed class RelayEnumerations(IGrainContext relay, TimeProvider time, TimeSpan responseTimeout)
{
    private const int Many = 64;

    private readonly Dictionary<Guid, RelayEnumeration> _open = [];
    private int _looksAt = Many;

    public int Count => _open.Count;

    public static RelayEnumerations Of(IGrainContext relay)
    {
        if (relay.GetComponent<RelayEnumerations>() is { } enumerations)
            return enumerations;

        var services = relay.ActivationServices;
        enumerations = new RelayEnumerations(
            relay, services.GetRequiredService<TimeProvider>(), services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value.ResponseTimeout);
        relay.SetComponent(enumerations);
        return enumerations;
    }

    /// <summary>The enumeration that this call begins or continues.</summary>
    public RelayEnumeration Of(Guid id, IInvokable call)
    {
        if (_open.TryGetValue(id, out var enumeration))
            return enumeration;

        enumeration = Open(id);
        if (EnumerationCall.Begins(call))
            WatchedEnumeration.Put(call, enumeration);
        else if (EnumerationCall.AsksForMore(call) && call is LabelledRequest { IsNested: true })
            enumeration.LoseCall(isAwaited: true); // It began in another activation, which is gone with what its code had done since the last element.

        return enumeration;
    }

    public RelayEnumeration Open(Guid id)
    {
        if (_open.Count >= _looksAt)
            ForgetAbandoned();

        return _open[id] = new RelayEnumeration(relay, time);
    }

    /// <summary>A call that failed says nothing: the runtime may still have the enumeration.</summary>
    public void CallEnded(Guid id, RelayEnumeration enumeration, Response? answer)
    {
        if (answer is null || EnumerationCall.LeavesOpen(answer))
            return;

        enumeration.Close();
        if (_open.TryGetValue(id, out var open) && open == enumeration)
            _open.Remove(id);
    }

    /// <summary>The runtime ends an enumeration that nobody has asked for more during two response timeouts.</summary>
    private void ForgetAbandoned()
    {
        foreach (var (id, enumeration) in _open)
        {
            if (enumeration.IdleTime > 4 * responseTimeout)
            {
                enumeration.Close();
                _open.Remove(id);
            }
        }

        _looksAt = Math.Max(Many, 2 * _open.Count);
    }
}

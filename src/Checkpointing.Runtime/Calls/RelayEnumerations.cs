using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Configuration;
using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>The enumerations of one relay that are open.</summary>
internal sealed class RelayEnumerations(IGrainContext relay, bool isStatelessWorker, TimeProvider time, TimeSpan responseTimeout)
{
    private const int Many = 64;

    private readonly Dictionary<Guid, RelayEnumeration> _open = [];
    private readonly LatestEnumerations _ended = new();
    private int _looksAt = Many;

    public int Count => _open.Count;

    public static RelayEnumerations Of(IGrainContext relay)
    {
        if (relay.GetComponent<RelayEnumerations>() is { } enumerations)
            return enumerations;

        var services = relay.ActivationServices;
        enumerations = new RelayEnumerations(
            relay,
            relay.GrainInstance?.GetType().IsDefined(typeof(StatelessWorkerAttribute), inherit: true) == true,
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value.ResponseTimeout);
        relay.SetComponent(enumerations);
        return enumerations;
    }

    /// <summary>The enumeration that this call begins or continues.</summary>
    public RelayEnumeration Of(Guid id, IInvokable call)
    {
        var isNested = call is LabelledRequest { IsNested: true };
        if (_open.TryGetValue(id, out var enumeration))
        {
            // A second copy of the first call: the elements that the first one brings reach nobody.
            if (isNested && EnumerationCall.Begins(call))
                enumeration.LoseCall(isAwaited: true);

            return enumeration;
        }

        var hasEnded = HasEnded(id);
        enumeration = Open(id);
        if (EnumerationCall.Begins(call))
        {
            WatchedEnumeration.Put(call, enumeration);
            if (isNested && hasEnded)
                enumeration.LoseCall(isAwaited: true);
        }
        else if (isNested && !isStatelessWorker && !hasEnded)
        {
            // It began in an activation that is gone, with what its code had done since the last element. Between stateless workers the runtime does not distinguish.
            enumeration.LoseCall(isAwaited: true);
        }

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
            Forget(id);
    }

    public bool HasEnded(Guid id) => _ended.Contains(id);

    private void Forget(Guid id)
    {
        _open.Remove(id);
        _ended.Add(id);
    }

    /// <summary>The runtime ends an enumeration that nobody has asked for more during two response timeouts.</summary>
    private void ForgetAbandoned()
    {
        foreach (var (id, enumeration) in _open)
        {
            if (enumeration.IdleTime > 4 * responseTimeout)
            {
                enumeration.Close();
                if (enumeration.HasLostCall)
                    _open.Remove(id);
                else
                    Forget(id);
            }
        }

        _looksAt = Math.Max(Many, 2 * _open.Count);
    }
}

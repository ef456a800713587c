using System.Runtime.CompilerServices;
using Checkpointing.Runtime.Participants;
using Orleans.Concurrency;
using Orleans.Serialization.Invocation;

namespace Checkpointing.Cluster.Tests.Kit;

public abstract class ProbeGrain(IGrainContext context, IGrainFactory factory) : IGrainBase, IProbeGrain, IRemindable
{
    private int _running;
    private int _overlaps;

    public IGrainContext GrainContext { get; } = context;

    public IGrainFactory Factory { get; } = factory;

    public string Key => GrainContext.GrainId.Key.ToString()!;

    /// <summary>How often two pieces of code that must exclude each other were seen at once.</summary>
    public int Overlaps => _overlaps;

    public int Amount { get; set; }

    /// <summary>The reference as this grain's silo would make it: a test's own references belong to the client.</summary>
    public T Own<T>(T grain)
        where T : IAddressable
        => Factory.GetGrain<T>(grain.GetGrainId());

    public Task OnActivateAsync(CancellationToken token)
    {
        if (GrainContext.GetComponent<CheckpointedActivation>() is { } activation)
            Live.Activated(activation);

        return Task.CompletedTask;
    }

    public Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token)
    {
        Live.Deactivated(GrainContext.GrainId);
        return FailureOfDeactivation is { } failure ? Task.FromException(failure) : Task.CompletedTask;
    }

    /// <summary>What its own code throws when it is deactivated.</summary>
    public Exception? FailureOfDeactivation { get; set; }

    /// <summary>Runs code that no other code of this grain may overlap.</summary>
    public async Task Alone(Func<Task> code)
    {
        if (Interlocked.Increment(ref _running) != 1)
            Interlocked.Increment(ref _overlaps);
        try
        {
            await code();
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    public Task Perform(Script script) => script.Run(this);

    public Task PerformNamed(string name, Script script) => script.Run(this);

    public Task PerformInterleaved(Script script) => script.Run(this);

    public Task PerformInASecond(Script script) => script.Run(this);

    public Task PerformCancellable(Script script, CancellationToken cancellationToken) => script.Run(this);

    public Task Notify(Script script) => script.Run(this);

    public void Tell(int amount)
    {
        Amount += amount;
        Live.Told(GrainContext.GrainId);
    }

    public Task<int> Add(int amount) => Task.FromResult(Amount += amount);

    public ValueTask AddValue(int amount)
    {
        Amount += amount;
        return ValueTask.CompletedTask;
    }

    public async ValueTask<int> AddValueAndGet(int amount)
    {
        await Task.Yield();
        return Amount += amount;
    }

    public Task<string?> GetNothing() => Task.FromResult<string?>(null);

    public Task<List<int>> GetList() => Task.FromResult(new List<int> { 1, 2, 3 });

    public Task<List<int>> Echo(List<int> list) => Task.FromResult(list);

    public Task Fail(string kind) => kind switch
    {
        "at once" => throw new InvalidOperationException(kind),
        "later" => FailLater(),
        "cancelled" => Task.FromCanceled(new CancellationToken(canceled: true)),
        "many" => Task.WhenAll(Task.FromException(new InvalidOperationException(kind)), Task.FromException(new ArgumentException("second"))),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    public async ValueTask<int> FailValue(string kind)
    {
        await Task.Yield();
        throw new InvalidOperationException(kind);
    }

    public async IAsyncEnumerable<int> Count(int upTo)
    {
        for (var i = 1; i <= upTo; i++)
        {
            await Task.Yield();
            yield return i;
        }
    }

    public async IAsyncEnumerable<int> PerformEach(Script[] scripts, Script? atEnd = null)
    {
        try
        {
            for (var i = 0; i < scripts.Length; i++)
            {
                await scripts[i].Run(this);
                yield return i;
            }
        }
        finally
        {
            await (atEnd?.Run(this) ?? Task.CompletedTask);
        }
    }

    public async Task<int> Peek(Script? script = null)
    {
        if (script is not null)
            await script.Run(this);

        return Amount;
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => Live.Reminded(this);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task FailLater()
    {
        await Task.Yield();
        throw new InvalidOperationException("later");
    }
}

public sealed class ParticipantGrain([CheckpointedState("sum")] ICheckpointedState<int> sum, IGrainContext context, IGrainFactory factory)
    : ProbeGrain(context, factory), IParticipantGrain
{
    public ICheckpointedState<int> Sum { get; } = sum;
}

[Reentrant]
public sealed class ReentrantParticipantGrain([CheckpointedState("sum")] ICheckpointedState<int> sum, IGrainContext context, IGrainFactory factory)
    : ProbeGrain(context, factory), IReentrantParticipantGrain
{
    public ICheckpointedState<int> Sum { get; } = sum;
}

[MayInterleave(nameof(MayInterleave))]
public sealed class PredicateParticipantGrain([CheckpointedState("sum")] ICheckpointedState<int> sum, IGrainContext context, IGrainFactory factory)
    : ProbeGrain(context, factory), IPredicateParticipantGrain
{
    public ICheckpointedState<int> Sum { get; } = sum;

    public static bool MayInterleave(IInvokable request) =>
        request.GetMethodName() == nameof(IProbeGrain.PerformNamed) && (string?)request.GetArgument(0) == "interleave";
}

/// <summary>Its own filter runs around every call.</summary>
public sealed class FilteredParticipantGrain([CheckpointedState("sum")] ICheckpointedState<int> sum, IGrainContext context, IGrainFactory factory)
    : ProbeGrain(context, factory), IFilteredParticipantGrain, IIncomingGrainCallFilter
{
    public ICheckpointedState<int> Sum { get; } = sum;

    public Func<IIncomingGrainCallContext, Task>? BeforeCall { get; set; }

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        await (BeforeCall?.Invoke(context) ?? Task.CompletedTask);
        await context.Invoke();
    }
}

public sealed class RelayGrain(IGrainContext context, IGrainFactory factory) : ProbeGrain(context, factory), IRelayGrain;

[Reentrant]
public sealed class ReentrantRelayGrain(IGrainContext context, IGrainFactory factory) : ProbeGrain(context, factory), IReentrantRelayGrain;

[StatelessWorker]
public sealed class WorkerGrain(IGrainContext context, IGrainFactory factory) : ProbeGrain(context, factory), IWorkerGrain;

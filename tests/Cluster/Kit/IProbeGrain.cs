using Orleans.Concurrency;

namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>Every kind of grain method. What the general ones do, a test says by a <see cref="Script"/>.</summary>
public interface IProbeGrain : IGrainWithStringKey
{
    Task Perform(Script script);

    Task<int> Add(int amount);

    ValueTask AddValue(int amount);

    ValueTask<int> AddValueAndGet(int amount);

    Task<string?> GetNothing();

    Task<List<int>> GetList();

    Task<List<int>> Echo([Immutable] List<int> list);

    Task Fail(string kind);

    ValueTask<int> FailValue(string kind);

    IAsyncEnumerable<int> Count(int upTo);

    /// <summary>An element after each script, which begins as soon as there is the one before.</summary>
    IAsyncEnumerable<int> PerformEach(Script[] scripts, Script? atEnd = null);

    [OneWay]
    Task Notify(Script script);

    [OneWay]
    void Tell(int amount);

    [AlwaysInterleave]
    Task PerformInterleaved(Script script);

    [ReadOnly]
    Task<int> Peek(Script? script = null);

    Task PerformNamed(string name, Script script);

    [ResponseTimeout("00:00:01")]
    Task PerformInASecond(Script script);

    Task PerformCancellable(Script script, CancellationToken cancellationToken);
}

public interface IParticipantGrain : IProbeGrain;

public interface IReentrantParticipantGrain : IProbeGrain;

public interface IPredicateParticipantGrain : IProbeGrain;

public interface IFilteredParticipantGrain : IProbeGrain;

public interface IRelayGrain : IProbeGrain;

public interface IReentrantRelayGrain : IProbeGrain;

public interface IWorkerGrain : IProbeGrain;

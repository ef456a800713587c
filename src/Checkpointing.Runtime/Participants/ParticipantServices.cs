using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Hosting;
using Checkpointing.Runtime.Silos;
using Checkpointing.Runtime.StableStorage;
using Microsoft.Extensions.Options;
using Orleans.Storage;

namespace Checkpointing.Runtime.Participants;

/// <summary>What the participants of a silo share.</summary>
internal sealed class ParticipantServices(
    CheckpointStorage storage,
    IOptions<CheckpointingOptions> options,
    ParticipantRegistry registry,
    CoordinatorOutbox outbox,
    LocalRollbacks rollbacks,
    IGrainFactory grainFactory,
    IGrainRuntime grainRuntime,
    CheckpointingMetrics metrics,
    ParticipantLog log,
    ISiloStatusOracle silos,
    SilosThatDiffer differing,
    IClusterManifestProvider manifests,
    TimeProvider time)
{
    /// <summary>This silo, as lives and labels name it.</summary>
    public SiloId Here { get; } = silos.SiloAddress.ToSiloId();

    public IGrainStorage Storage => storage.Provider;

    public string StorageName => storage.Name;

    public CheckpointingOptions Options { get; } = options.Value;

    public ParticipantRegistry Registry { get; } = registry;

    public CoordinatorOutbox Outbox { get; } = outbox;

    public LocalRollbacks Rollbacks { get; } = rollbacks;

    public IGrainFactory GrainFactory { get; } = grainFactory;

    public IGrainRuntime GrainRuntime { get; } = grainRuntime;

    public CheckpointingMetrics Metrics { get; } = metrics;

    public ParticipantLog Log { get; } = log;

    public TimeProvider Time { get; } = time;

    /// <summary>In a turn of that grain.</summary>
    public void InTurnOf(IGrainContext grain, Action action) => grain.Scheduler.QueueAction(() =>
    {
        try
        {
            action();
        }
        catch (Exception exception)
        {
            Log.StepFailed(grain.GrainId.ToString(), exception);
        }
    });

    /// <summary>What nobody awaits fails with a word.</summary>
    public void Watch(string grain, Task step) =>
        step.ContinueWith(failed => Log.StepFailed(grain, failed.Exception!.GetBaseException()), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    /// <summary>What became of the round for which this slot was written? To be asked again if it is undecided, or if nobody answers in time. Throws if the coordinator cannot be reached or does not start.</summary>
    public async Task<StoredDecision> DecisionOf(SlotRecord slot)
    {
        var answer = GrainFactory
            .GetGrain<ICheckpointCoordinatorControl>(CheckpointCoordinatorExtensions.DefaultKey)
            .DecisionOf(slot.StoreId, slot.Head.Round.Epoch, slot.Head.Round.Number);
        if (await answer.HasComeWithin(CoordinatorOutbox.CoordinatorPatience, Time))
        {
            return await answer;
        }

        answer.Ignore();
        return StoredDecision.Undecided;
    }

    /// <summary>A silo that stops starts no grains any more: what cannot be reached stays so.</summary>
    public bool IsStopping => silos.CurrentStatus != SiloStatus.Active;

    /// <summary>The other active silos that can host this type of grain and understand what it takes along.</summary>
    public IEnumerable<SiloAddress> OtherSilos(GrainType type)
    {
        var definition = GrainTypeTraitsResolver.DefinitionOf(type);
        return
            from silo in silos.GetApproximateSiloStatuses(onlyActive: true).Keys
            where !silo.Equals(silos.SiloAddress)
                && differing.LibraryOf(silo) == SiloLibrary.Same
                && manifests.Current.Silos.TryGetValue(silo, out var manifest)
                && manifest.Grains.ContainsKey(definition)
            select silo;
    }
}

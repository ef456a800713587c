using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.Serialization.Configuration;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>What a silo refuses when it starts: one error that names the option or the class, before anything is read or written.</summary>
public sealed class BadSettingTests
{
    public static TheoryData<string, Action<CheckpointingOptions>, string> BadOptions => new()
    {
        { "StorageName", o => o.StorageName = "", "CheckpointingOptions.StorageName is '': name the grain storage provider that keeps the checkpoints." },
        { "StorageName", o => o.StorageName = null!, "CheckpointingOptions.StorageName is '': name the grain storage provider that keeps the checkpoints." },
        { "StorageName", o => o.StorageName = " ", "CheckpointingOptions.StorageName is ' ': name the grain storage provider that keeps the checkpoints." },
        { "StorageName", o => o.StorageName = "elsewhere", "CheckpointingOptions.StorageName is 'elsewhere', but no grain storage provider of that name is registered. Register one" },
        { "CheckpointInterval", o => o.CheckpointInterval = TimeSpan.Zero, "CheckpointingOptions.CheckpointInterval is '00:00:00': it must be between 1 millisecond and 49 days, or null" },
        { "CheckpointInterval", o => o.CheckpointInterval = TimeSpan.FromSeconds(-1), "CheckpointingOptions.CheckpointInterval is '-00:00:01': it must be between" },
        { "CheckpointInterval", o => o.CheckpointInterval = TimeSpan.MaxValue, "it must be between 1 millisecond and 49 days" },
        { "MaxPause", o => o.MaxPause = TimeSpan.Zero, "CheckpointingOptions.MaxPause is '00:00:00': it must be positive and at most half of Orleans' response timeout (00:00:30)" },
        { "MaxPause", o => o.MaxPause = TimeSpan.FromSeconds(16), "CheckpointingOptions.MaxPause is '00:00:16': it must be positive and at most half" },
        { "MaxAttempts", o => o.MaxAttempts = 0, "CheckpointingOptions.MaxAttempts is '0': it must be at least 1." },
        { "VoteTimeout", o => o.VoteTimeout = TimeSpan.Zero, "CheckpointingOptions.VoteTimeout is '00:00:00': it must be between 1 millisecond and 49 days." },
        { "VoteTimeout", o => o.VoteTimeout = Timeout.InfiniteTimeSpan, "CheckpointingOptions.VoteTimeout is '-00:00:00.0010000': it must be between" },
        { "StorageTimeout", o => o.StorageTimeout = TimeSpan.Zero, "CheckpointingOptions.StorageTimeout is '00:00:00': it must be between 1 millisecond and 49 days." },
        { "StorageTimeout", o => o.StorageTimeout = TimeSpan.FromDays(50), "CheckpointingOptions.StorageTimeout is '50.00:00:00': it must be between" },
        { "DecisionPollInterval", o => o.DecisionPollInterval = TimeSpan.FromSeconds(-2), "CheckpointingOptions.DecisionPollInterval is '-00:00:02': it must be between" },
    };

    public static TheoryData<Type, string> BadGrainClasses => new()
    {
        { typeof(StatelessWorkerWithState), "is a stateless worker with checkpointed state. Several activations would share one checkpoint. Remove [StatelessWorker] or [CheckpointedState]." },
        { typeof(WrongParameter), "Parameter 'number' of grain class Checkpointing.Cluster.Tests.Outcomes.BadSettingTests+WrongParameter has [CheckpointedState] but is a Int32. Make it an ICheckpointedState<TState>." },
        { typeof(WrongFacet), "has [CheckpointedState] but is a IPersistentState`1. Make it an ICheckpointedState<TState>." },
        { typeof(TwoStatesOfOneName), "TwoStatesOfOneName has two checkpointed states named 'state'. Give each its own name." },
        { typeof(NamelessState), "The checkpointed state of parameter 'state' of grain class" },
        { typeof(NotSerializable), "State 'state' of grain class Checkpointing.Cluster.Tests.Outcomes.BadSettingTests+NotSerializable is a Checkpointing.Cluster.Tests.Outcomes.BadSettingTests+Plain, which Orleans cannot serialize" },
        { typeof(ListOfNotSerializable), "which Orleans cannot serialize" },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void An_option_that_cannot_work_is_refused(string option, Action<CheckpointingOptions> set, string message)
    {
        var fault = Assert.Throws<OrleansConfigurationException>(() => Validate(set));
        Assert.Contains(option, fault.Message, StringComparison.Ordinal);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_defaults_with_a_storage_are_accepted() => Validate(_ => { }, typeof(ParticipantGrain), typeof(PairGrain), typeof(BagGrain));

    [Theory]
    [MemberData(nameof(BadGrainClasses))]
    public void A_grain_class_that_cannot_work_is_refused(Type grainClass, string message)
    {
        var fault = Assert.Throws<OrleansConfigurationException>(() => Validate(_ => { }, grainClass));
        Assert.Contains(grainClass.Name, fault.Message, StringComparison.Ordinal);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_with_a_bad_setting_does_not_start()
    {
        var fault = await Assert.ThrowsAnyAsync<Exception>(() => OutcomeCluster.Start(options: options => options.StorageName = "elsewhere").WithTimeLimit());
        Assert.Contains("StorageName is 'elsewhere'", Assert.IsType<OrleansConfigurationException>(fault.GetBaseException()).Message, StringComparison.Ordinal);
    }

    private static void Validate(Action<CheckpointingOptions> set, params Type[] grainClasses)
    {
        var services = new ServiceCollection();
        services.AddSerializer();
        services.AddKeyedSingleton<Orleans.Storage.IGrainStorage>("checkpoints", new RecordStore());
        services.Configure<CheckpointingOptions>(options => options.StorageName = "checkpoints");
        services.Configure(set);
        services.Configure<TypeManifestOptions>(types => types.InterfaceImplementations.Clear());
        services.Configure<TypeManifestOptions>(types => types.InterfaceImplementations.UnionWith(grainClasses));
        services.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(30));
        using var provider = services.BuildServiceProvider();
        ActivatorUtilities.CreateInstance<CheckpointingValidator>(provider).ValidateConfiguration();
    }

    // Without a grain interface of their own, these are not grain classes to any other silo.
    [StatelessWorker]
    private sealed class StatelessWorkerWithState([CheckpointedState("state")] ICheckpointedState<int> state) : Grain
    {
        public override string ToString() => state.ToString()!;
    }

    private sealed class WrongParameter([CheckpointedState("state")] int number) : Grain
    {
        public override string ToString() => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    private sealed class WrongFacet([CheckpointedState("state")] IPersistentState<int> state) : Grain
    {
        public override string ToString() => state.ToString()!;
    }

    private sealed class TwoStatesOfOneName([CheckpointedState("state")] ICheckpointedState<int> one, [CheckpointedState("state")] ICheckpointedState<long> two) : Grain
    {
        public override string ToString() => $"{one} {two}";
    }

    private sealed class NamelessState([CheckpointedState("")] ICheckpointedState<int> state) : Grain
    {
        public override string ToString() => state.ToString()!;
    }

    private sealed class NotSerializable([CheckpointedState("state")] ICheckpointedState<Plain> state) : Grain
    {
        public override string ToString() => state.ToString()!;
    }

    private sealed class ListOfNotSerializable([CheckpointedState("state")] ICheckpointedState<List<Plain>> state) : Grain
    {
        public override string ToString() => state.ToString()!;
    }

    private sealed class Plain
    {
        public int Number { get; set; }
    }
}

using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Checkpointing.SiloHost.Bank;
using Orleans.Metadata;

namespace Checkpointing.SiloHost.Observation;

/// <summary>Which grains of the bank are active on this silo: from the first step of their activation to the last of their deactivation.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
internal sealed class LocalGrains : IConfigureGrainContextProvider, IConfigureGrainContext
{
    private readonly ConcurrentDictionary<IGrainContext, GrainId> _active = new();

    public IReadOnlyList<string> Ids => [.. _active.Values.Distinct().Select(grain => grain.ToString()).Order(StringComparer.Ordinal)];

    public bool TryGetConfigurator(GrainType grainType, GrainProperties properties, [NotNullWhen(true)] out IConfigureGrainContext? configurator)
    {
        configurator = BankGrains.Types.Contains(grainType.ToString()) ? this : null;
        return configurator is not null;
    }

    public void Configure(IGrainContext context) => context.ObservableLifecycle.Subscribe(
        nameof(LocalGrains),
        GrainLifecycleStage.First,
        _ =>
        {
            _active[context] = context.GrainId;
            return Task.CompletedTask;
        },
        _ =>
        {
            _active.TryRemove(context, out GrainId _);
            return Task.CompletedTask;
        });
}

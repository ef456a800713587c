using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>
/// Stands before the silos' agents and before the coordinator: a test can hold control messages on their way, or spoil them. The library knows
/// nothing of it.
/// </summary>
internal sealed class ControlWatch
{
    /// <summary>Awaited before messages are delivered to the participants of a silo.</summary>
    public Func<SiloAddress, IReadOnlyList<(GrainId Grain, ToParticipant Message)>, Task>? BeforeDelivery { get; set; }

    /// <summary>What the coordinator hears instead.</summary>
    public Func<ToCoordinator, ToCoordinator>? Spoil { get; set; }

    /// <summary>Responses lose their labels on the way: what SPEC D4 forbids.</summary>
    public bool DropsResponseLabels { get; set; }

    public sealed class Filter(ControlWatch watch, IServiceProvider services) : IIncomingGrainCallFilter
    {
        private SiloAddress? _silo;

        public async Task Invoke(IIncomingGrainCallContext context)
        {
            var type = context.Request.GetInterfaceType();
            if (type == typeof(ICheckpointAgent) && watch.BeforeDelivery is { } before && context.Request.GetArgumentCount() == 2)
            {
                _silo ??= services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
                var messages = (ControlMessage[])context.Request.GetArgument(1)!;
                await before(_silo, [.. messages.Select(message => (message.Participant, ControlMessageCodec.DecodeToParticipant(message)))]);
            }
            else if (type == typeof(ICheckpointCoordinatorControl) && watch.Spoil is { } spoil && context.Request.GetArgument(0) is ParticipantAnswers answers)
            {
                var spoiled = answers.Messages.Select(message => ControlMessageCodec.Encode(spoil(ControlMessageCodec.DecodeToCoordinator(message)))).ToArray();
                context.Request.SetArgument(0, new ParticipantAnswers(answers.Silo, spoiled, answers.StoredBytes));
            }

            await context.Invoke();
            if (watch.DropsResponseLabels && context.Response is LabelledResponse labelled)
                context.Response = labelled.Inner;
        }
    }
}

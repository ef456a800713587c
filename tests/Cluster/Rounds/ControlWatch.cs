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
    private int _delivered;
    private int _answered;

    /// <summary>Awaited before messages are delivered to the participants of a silo.</summary>
    public Func<SiloAddress, IReadOnlyList<(GrainId Grain, ToParticipant Message)>, Task>? BeforeDelivery { get; set; }

    /// <summary>Told when the agent of a silo has handed messages on to its participants.</summary>
    public Action<IReadOnlyList<(GrainId Grain, ToParticipant Message)>>? AfterDelivery { get; set; }

    /// <summary>Told when a grain that is on its way out asks for its last checkpoint.</summary>
    public Action<GrainId>? Leaves { get; set; }

    /// <summary>Messages to participants that are lost on the way.</summary>
    public Func<GrainId, ToParticipant, bool>? Loses { get; set; }

    /// <summary>What the coordinator hears instead.</summary>
    public Func<ToCoordinator, ToCoordinator>? Spoil { get; set; }

    /// <summary>Responses lose their labels on the way: what SPEC D4 forbids.</summary>
    public bool DropsResponseLabels { get; set; }

    /// <summary>Messages that agents were given for their participants so far.</summary>
    public int Delivered => _delivered;

    /// <summary>Messages that the coordinator was given so far.</summary>
    public int Answered => _answered;

    public sealed class Filter(ControlWatch watch, IServiceProvider services) : IIncomingGrainCallFilter
    {
        private SiloAddress? _silo;

        public async Task Invoke(IIncomingGrainCallContext context)
        {
            var type = context.Request.GetInterfaceType();
            List<(GrainId Grain, ToParticipant Message)> delivered = [];
            if (type == typeof(ICheckpointAgent) && context.Request.GetArgumentCount() == 2)
            {
                var messages = (ControlMessage[])context.Request.GetArgument(1)!;
                Interlocked.Add(ref watch._delivered, messages.Length);
                if (watch.Loses is { } loses)
                {
                    messages = [.. messages.Where(message => !IsOfRound(message) || !loses(message.Participant, ControlMessageCodec.DecodeToParticipant(message)))];
                    context.Request.SetArgument(1, messages);
                }

                delivered = [.. messages.Where(IsOfRound).Select(message => (message.Participant, ControlMessageCodec.DecodeToParticipant(message)))];

                _silo ??= services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
                if (watch.BeforeDelivery is { } before)
                    await before(_silo, delivered);
            }
            else if (type == typeof(ICheckpointCoordinatorControl) && context.Request.GetArgumentCount() == 1)
            {
                var answers = (ParticipantAnswers)context.Request.GetArgument(0)!;
                Interlocked.Add(ref watch._answered, answers.Messages.Length);
                if (watch.Spoil is { } spoil)
                {
                    var spoiled = answers.Messages.Select(message => IsOfRound(message) ? ControlMessageCodec.Encode(spoil(ControlMessageCodec.DecodeToCoordinator(message))) : message).ToArray();
                    context.Request.SetArgument(0, new ParticipantAnswers(answers.Silo, spoiled, answers.StoredBytes));
                }
            }

            else if (type == typeof(ICheckpointCoordinatorControl) && context.Request.GetMethodName() == nameof(ICheckpointCoordinatorControl.CheckpointBeforeStop))
            {
                watch.Leaves?.Invoke((GrainId)context.Request.GetArgument(0)!);
            }

            await context.Invoke();
            watch.AfterDelivery?.Invoke(delivered);
            if (watch.DropsResponseLabels && context.Response is LabelledResponse labelled)
                context.Response = labelled.Inner;
        }

        private static bool IsOfRound(ControlMessage message) => message.Algorithm == ControlAlgorithm.Checkpoint;
    }
}

using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Silos;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>
/// Stands before the coordinator, before the silos' agents, and before the library's own filter: a test can lose what is said in a rollback, and hold calls and
/// answers of the application on the wire. The library knows nothing of it.
/// </summary>
internal sealed class RollbackWatch : IIncomingGrainCallFilter
{
    /// <summary>What the coordinator does not hear.</summary>
    public Func<ToRollbackCoordinator, bool>? Loses { get; set; }

    /// <summary>Told of what the coordinator is about to hear; true: it hears nothing of this call.</summary>
    public Func<ToRollbackCoordinator, Task<bool>>? Intercepts { get; set; }

    /// <summary>Told when an agent has handed this to its participant.</summary>
    public Action<GrainId, ToRollbackParticipant>? Delivered { get; set; }

    /// <summary>What a participant does not hear of what is said to the grain itself, because it was not known to be active; with who says it.</summary>
    public Func<GrainId?, ToRollbackParticipant, bool>? LosesOnTheWayToGrains { get; set; }

    /// <summary>Awaited before facts are installed on a silo.</summary>
    public Func<SiloAddress, Task>? BeforeInstall { get; set; }

    /// <summary>Awaited before a silo hears that another one, which stops in order, has no grains any more.</summary>
    public Func<SiloAddress, Task>? BeforeGrainsHaveLeft { get; set; }

    /// <summary>Awaited before an application call reaches the library.</summary>
    public Func<GrainId, string, Task>? BeforeCall { get; set; }

    /// <summary>Awaited when an application call has been answered, before the answer is sent.</summary>
    public Func<GrainId, string, Task>? BeforeAnswer { get; set; }

    /// <summary>Awaited when a relay or a participant has answered a call of an enumeration, before the answer is sent.</summary>
    public Func<Task>? BeforeAnswerOfEnumeration { get; set; }

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        var method = context.Request.GetMethodName();
        switch (context.Request.GetInterfaceType())
        {
            case var type when type == typeof(ICheckpointCoordinatorControl) && method == nameof(ICheckpointCoordinatorControl.Answer):
                if (await HearsNothing(context))
                    return;

                await context.Invoke();
                break;
            case var type when type == typeof(ICheckpointAgent) && method == nameof(ICheckpointAgent.Deliver):
                await context.Invoke();
                foreach (var message in ((ControlMessage[])context.Request.GetArgument(1)!).Where(message => message.Algorithm == ControlAlgorithm.Rollback))
                    Delivered?.Invoke(message.Participant, RollbackMessageCodec.DecodeToParticipant(message));

                break;
            case var type when type == typeof(ICheckpointParticipantExtension) && method == nameof(ICheckpointParticipantExtension.Deliver):
                var said = (ControlMessage)context.Request.GetArgument(1)!;
                if (said.Algorithm != ControlAlgorithm.Rollback || LosesOnTheWayToGrains?.Invoke(context.SourceId, RollbackMessageCodec.DecodeToParticipant(said)) != true)
                    await context.Invoke();

                break;
            case var type when type == typeof(ICheckpointAgent) && method == nameof(ICheckpointAgent.InstallEnds):
                await (BeforeInstall?.Invoke(context.TargetContext.Address.SiloAddress!) ?? Task.CompletedTask);
                await context.Invoke();
                break;
            case var type when type == typeof(ICheckpointAgent) && method == nameof(ICheckpointAgent.GrainsHaveLeft):
                await (BeforeGrainsHaveLeft?.Invoke(context.TargetContext.Address.SiloAddress!) ?? Task.CompletedTask);
                await context.Invoke();
                break;
            case var type when type == typeof(Kit.IProbeGrain):
                if (BeforeCall is { } before)
                    await before(context.TargetId, method);

                await context.Invoke();
                if (BeforeAnswer is { } beforeAnswer)
                    await beforeAnswer(context.TargetId, method);

                break;
            case var type when type == typeof(IAsyncEnumerableGrainExtension):
                await context.Invoke();
                await (BeforeAnswerOfEnumeration?.Invoke() ?? Task.CompletedTask);
                break;
            default:
                await context.Invoke();
                break;
        }
    }

    private async Task<bool> HearsNothing(IIncomingGrainCallContext context)
    {
        if (Loses is null && Intercepts is null)
            return false;

        var answers = (ParticipantAnswers)context.Request.GetArgument(0)!;
        var heard = new List<int>();
        for (var i = 0; i < answers.Messages.Length; i++)
        {
            var message = answers.Messages[i].Algorithm == ControlAlgorithm.Rollback ? RollbackMessageCodec.DecodeToCoordinator(answers.Messages[i]) : null;
            if (message is not null && Intercepts is { } intercepts && await intercepts(message))
                return true;

            if (message is null || Loses?.Invoke(message) != true)
                heard.Add(i);
        }

        context.Request.SetArgument(0, new ParticipantAnswers(
            answers.Silo, [.. heard.Select(i => answers.Messages[i])], [.. heard.Select(i => answers.StoredBytes[i])]));
        return false;
    }
}

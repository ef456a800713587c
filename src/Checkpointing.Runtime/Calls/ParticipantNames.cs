using Checkpointing.Protocol.Labels;

namespace Checkpointing.Runtime.Calls;

/// <summary>The protocol's name of a grain, and back. Naming a participant borrows the bytes of the grain id and allocates nothing.</summary>
internal static class ParticipantNames
{
    public static ParticipantId ToParticipantId(this GrainId grain) =>
        new(GrainType.UnsafeGetArray(grain.Type) ?? [], IdSpan.UnsafeGetArray(grain.Key) ?? [], grain.GetHashCode());

    public static GrainId ToGrainId(this ParticipantId participant) =>
        GrainId.Create(new GrainType(participant.Type), new IdSpan(participant.Key));
}

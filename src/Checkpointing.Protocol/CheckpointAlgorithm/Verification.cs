using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>
/// CP-5: every receipt in a snapshot must be valid, and covered by its sender: by the sender's new mark if it is a member, by its
/// permanent mark if it is not. What is found here is all that does not fit yet.
/// </summary>
/// <param name="Missing">Senders that have no snapshot in the round, each with the claim that asks for one.</param>
/// <param name="Overtaken">Members whose snapshot does not remember sending what another one remembers receiving: theirs must be taken again.</param>
/// <param name="Orphans">Members that have received a label of another life than their sender's present one.</param>
internal sealed record Verification(
    IReadOnlyList<(ParticipantId Sender, LabelClaim Claim)> Missing,
    IReadOnlyCollection<ParticipantId> Overtaken,
    IReadOnlyList<(RoundMember Orphan, ParticipantId Sender, MessageLabel Label)> Orphans)
{
    public static Verification Of(IReadOnlyDictionary<ParticipantId, RoundMember> members)
    {
        var missing = new List<(ParticipantId, LabelClaim)>();
        var overtaken = new SortedSet<ParticipantId>();
        var orphans = new List<(RoundMember, ParticipantId, MessageLabel)>();
        foreach (var member in members.Values.Where(member => member.State == MemberState.Snapped))
        {
            foreach (var (sender, label) in CheckpointCohort.Of(member, members))
            {
                if (!members.TryGetValue(sender, out var peer) || peer.State != MemberState.Snapped)
                {
                    missing.Add((sender, new LabelClaim(member.Id, label)));
                }
                else if (peer.Snapshot!.Mark.Covers(label))
                {
                    continue;
                }
                else if (label.Incarnation == peer.Snapshot.Mark.Label.Incarnation)
                {
                    overtaken.Add(sender);
                }
                else
                {
                    orphans.Add((member, sender, label));
                }
            }
        }

        return new Verification(missing, overtaken, orphans);
    }
}

using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>
/// ckpt_cohort of the paper over the whole round: who depends on whom by a label that its sender's permanent checkpoint does not cover.
/// </summary>
internal static class CheckpointCohort
{
    /// <summary>The senders that this member needs in its round, with the label that says so.</summary>
    public static IEnumerable<(ParticipantId Sender, MessageLabel Label)> Of(
        RoundMember member, IReadOnlyDictionary<ParticipantId, RoundMember> members)
    {
        var receipts = member.Snapshot?.Receipts ?? member.Receipts;
        foreach (var receipt in receipts)
        {
            var sender = receipt.Sender.Participant;
            if (!members.TryGetValue(sender, out var peer) || !peer.PermanentMark.Covers(receipt.Label))
            {
                yield return (sender, receipt.Label);
            }
        }
    }

    /// <summary>CP-9: whoever depends on a member that is left out is left out too. Returns those, each with the one it depends on.</summary>
    public static List<(RoundMember Dependent, RoundMember On)> DependentsOfLeftOut(IReadOnlyDictionary<ParticipantId, RoundMember> members)
    {
        var dependents = new List<(RoundMember, RoundMember)>();
        var leftOut = members.Values.Where(member => member.State == MemberState.LeftOut).ToDictionary(member => member.Id);
        var changed = leftOut.Count > 0;
        while (changed)
        {
            changed = false;
            foreach (var member in members.Values.Where(member => member.IsIn && !leftOut.ContainsKey(member.Id)))
            {
                foreach (var (sender, _) in Of(member, members))
                {
                    if (leftOut.TryGetValue(sender, out var culprit))
                    {
                        leftOut.Add(member.Id, member);
                        dependents.Add((member, culprit));
                        changed = true;
                        break;
                    }
                }
            }
        }

        return dependents;
    }

    /// <summary>S11.2: members that no remaining initiator depends on, directly or through others. They need not take part any more.</summary>
    public static List<RoundMember> NotNeededByAnyInitiator(IReadOnlyDictionary<ParticipantId, RoundMember> members)
    {
        var needed = new HashSet<ParticipantId>();
        var frontier = new Stack<RoundMember>(members.Values.Where(member => member.IsInitiator && member.State != MemberState.LeftOut));
        while (frontier.TryPop(out var member))
        {
            if (!needed.Add(member.Id))
            {
                continue;
            }

            foreach (var (sender, _) in Of(member, members))
            {
                if (members.TryGetValue(sender, out var peer) && !needed.Contains(sender))
                {
                    frontier.Push(peer);
                }
            }
        }

        return [.. members.Values.Where(member => (member.IsIn || member.State == MemberState.Asked) && !needed.Contains(member.Id))];
    }

    /// <summary>The connected components of the round (SPEC K8): each can be committed or left out without the others.</summary>
    public static List<List<RoundMember>> Components(IReadOnlyDictionary<ParticipantId, RoundMember> members)
    {
        var joined = members.Values.Where(member => member.IsIn).OrderBy(member => member.Id).ToList();
        var neighbours = joined.ToDictionary(member => member.Id, _ => new List<RoundMember>());
        foreach (var member in joined)
        {
            foreach (var (sender, _) in Of(member, members))
            {
                neighbours[member.Id].Add(members[sender]);
                neighbours[sender].Add(member);
            }
        }

        var components = new List<List<RoundMember>>();
        var seen = new HashSet<ParticipantId>();
        foreach (var start in joined)
        {
            if (!seen.Add(start.Id))
            {
                continue;
            }

            var component = new List<RoundMember> { start };
            for (var i = 0; i < component.Count; i++)
            {
                component.AddRange(neighbours[component[i].Id].Where(neighbour => seen.Add(neighbour.Id)));
            }

            components.Add(component);
        }

        return components;
    }
}

using System.Collections.Immutable;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Silos;

namespace Checkpointing.Runtime.Coordination;

/// <summary>
/// What the coordinator of a rollback has learnt, on its way to the agent of one silo: one call at a time, and each takes all that has come meanwhile, because
/// after each one every participant of the silo looks at its ledger. What is lost is sent again when the protocol says so.
/// </summary>
internal sealed class FactsOutbox(AgentCalls agents, SiloAddress silo, Action<long> onObeyed)
{
    private readonly List<LabelsCount> _cleared = [];
    private InstallEnds? _facts;
    private bool _isSending;

    public void Add(LabelsCount cleared) => _cleared.Add(cleared);

    /// <summary>Facts follow each other; those that are sent again begin with an earlier one.</summary>
    public void Add(InstallEnds facts) => _facts = _facts is { } before && before.Position <= facts.Position && before.Position + before.Ends.Length >= facts.Position
        ? facts with { Position = before.Position, Ends = [.. before.Ends.Take(facts.Position - before.Position), .. facts.Ends] }
        : facts;

    public void Flush()
    {
        if (!_isSending && (_facts is not null || _cleared.Count > 0))
        {
            _ = Send();
        }
    }

    private async Task Send()
    {
        _isSending = true;

        // Whoever speaks in the same turn says all it has to say first.
        await Task.Yield();
        while (_facts is not null || _cleared.Count > 0)
        {
            var (facts, cleared) = (_facts, _cleared.ToImmutableArray());
            _facts = null;
            _cleared.Clear();
            try
            {
                var clears = cleared.IsEmpty ? Task.CompletedTask : agents.To(silo, agent => agent.ClearSuspects(RollbackMessageCodec.Encode(new SuspectsCleared(cleared))));
                if (facts is not null)
                {
                    onObeyed(await agents.To(silo, agent => agent.InstallEnds(RollbackMessageCodec.Encode(facts))));
                }

                await clears;
            }
            catch (Exception)
            {
                // The silo is gone, or will be told again.
            }
        }

        _isSending = false;
    }
}

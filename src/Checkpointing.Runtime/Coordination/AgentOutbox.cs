using Checkpointing.Runtime.Silos;

namespace Checkpointing.Runtime.Coordination;

/// <summary>
/// Control messages for the participants of one silo: one call to its agent at a time, each with all that has come meanwhile. Runs in the
/// coordinator's turns.
/// </summary>
internal sealed class AgentOutbox(AgentCalls agents, SiloAddress silo, Guid storeId, Action<ControlMessage[]> onNotThere)
{
    private List<ControlMessage> _waiting = [];
    private bool _isSending;

    public void Add(ControlMessage message) => _waiting.Add(message);

    public void Flush()
    {
        if (!_isSending && _waiting.Count > 0)
        {
            _ = Send();
        }
    }

    private async Task Send()
    {
        _isSending = true;
        while (_waiting.Count > 0)
        {
            ControlMessage[] batch = [.. _waiting];
            _waiting = [];
            try
            {
                var notThere = await agents.To(silo, agent => agent.Deliver(storeId, batch));
                if (notThere.Length > 0)
                {
                    onNotThere(notThere);
                }
            }
            catch (Exception)
            {
                // The silo is gone or unreachable; each participant may be elsewhere by now.
                onNotThere(batch);
            }
        }

        _isSending = false;
    }
}

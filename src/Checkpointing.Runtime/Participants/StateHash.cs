using System.Collections.Immutable;
using System.IO.Hashing;
using System.Text;

namespace Checkpointing.Runtime.Participants;

/// <summary>Tells whether captured states differ from the permanent ones, without keeping those.</summary>
internal static class StateHash
{
    public static UInt128 Of(ImmutableArray<(string Name, byte[] Bytes)> states)
    {
        var hash = new XxHash128();
        foreach (var (name, bytes) in states.OrderBy(state => state.Name, StringComparer.Ordinal))
        {
            hash.Append(Encoding.UTF8.GetBytes(name));
            hash.Append(BitConverter.GetBytes(bytes.Length));
            hash.Append(bytes);
        }

        return hash.GetCurrentHashAsUInt128();
    }
}

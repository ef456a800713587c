namespace Checkpointing.SiloHost.Clustering;

/// <summary>The membership table cannot be used. The message says what failed, what still holds and what to do.</summary>
internal sealed class ClusteringException(string message, Exception? inner = null) : Exception(message, inner);

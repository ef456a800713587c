namespace Checkpointing;

/// <summary>
/// Marks the attributes that make a grain class a participant of checkpoints. A class with a constructor parameter that carries such an
/// attribute exchanges labelled messages; every silo of the cluster learns so from the grain manifest.
/// </summary>
public interface ICheckpointedFacet : IFacetMetadata;

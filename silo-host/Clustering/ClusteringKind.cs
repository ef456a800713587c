namespace Checkpointing.SiloHost.Clustering;

/// <summary>Where the silos of a cluster keep their membership table.</summary>
internal enum ClusteringKind
{
    /// <summary>A file that the silo processes of one machine share.</summary>
    Sqlite,

    /// <summary>A Redis server, through Orleans' own provider.</summary>
    Redis,

    /// <summary>A PostgreSQL server, through Orleans' own provider.</summary>
    Postgres,
}

# ruff: noqa: SIM905  # forty names read better as words than as forty quoted strings
"""Names for the people of the sample network, by city.

Any likeness is chance: first and family names are combined freely.
"""

FIRST = {
    "lisbon": (
        "Ana Maria João Pedro Inês Tiago Beatriz Rui Mariana Miguel Catarina Nuno Sofia Duarte Leonor Gonçalo Teresa "
        "Filipe Marta Vasco Helena Afonso Carolina Bruno Joana Luís Francisca Diogo Madalena Hugo Raquel Simão Matilde "
        "André Lurdes Xavier Alice Tomás Rita Martim"
    ).split(),
    "goa": (
        "Anjali Rahul Priya Savio Lata Vishal Fátima Sunil Meera Rohan Neha Agnelo Kavita Sanjay Divya Prakash Sneha "
        "Arjun Pooja Melwyn Shanti Nikhil Asha Deepak Rekha Ashwin Leena Vivek Maya Suresh Tara Aditya Nisha Mario "
        "Usha Gautam Sarita Kiran Isha Manoj"
    ).split(),
}

FAMILY = {
    "lisbon": (
        "Silva Santos Ferreira Pereira Oliveira Costa Rodrigues Martins Sousa Fernandes Gonçalves Gomes Lopes Marques "
        "Alves Almeida Ribeiro Pinto Carvalho Teixeira Moreira Correia Mendes Nunes Soares Vieira Monteiro Cardoso "
        "Rocha Neves Coelho Cruz Cunha Pires Ramos Reis Antunes Matos Barros Fonseca"
    ).split(),
    "goa": (
        "Naik Desai Kamat D'Souza Prabhu Fernandes Gaonkar Shenoy Pai Sawant Rodrigues Bhat Parab Kulkarni Braganza "
        "Nair Salgaonkar Menon Lobo Patil Joshi Dias Kerkar Shetty Mascarenhas Rane Iyer Pereira Borkar Verma "
        "Shirodkar Gomes Chari Rao Almeida Bandodkar Hegde Vaz Dalvi Reddy"
    ).split(),
}

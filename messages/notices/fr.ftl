# Notifications en français. Même ordre et mêmes clés que en.ftl.

subject-person = Nous vous informons au sujet de données qui vous concernent
subject-child = Une lettre sur des informations qui parlent de toi
subject-expert = Information d'une personne concernée : détails
subject-journalist = Une personne a été informée au sujet de données qui la concernent
subject-partner = Pour information : notification à une personne concernée

greeting-you = Bonjour { $name },
greeting-child = Bonjour { $name },

intro-person = Cette lettre vient de cette autorité : { $authority }. Quand nous partageons des données qui vous concernent, nous devons vous le dire. Cette lettre ne dit pas que vous avez fait quelque chose de mal.
intro-child = Nous sommes : { $authority }. Nous protégeons les gens contre les mauvaises actions sur Internet. Nous avons reçu des informations sur toi. Nous voulons que tu le saches. Cette lettre ne veut pas dire que tu as fait une bêtise.
intro-expert = Autorité qui notifie : { $authority }, pour { $party }, le { $date }.
intro-journalist = Cette autorité a informé une personne que des données la concernant ont été utilisées : { $authority }. Ce texte dit ce qui a été communiqué à la personne. Il ne dit pas qui elle est.
intro-partner = Cette autorité a informé une personne au sujet des données ci-dessous : { $authority }. Vous recevez ce message en tant que partenaire de l'échange.

given-you = Le { $given }, nous avons transmis des données qui vous concernent à un partenaire à l'étranger : { $partner }.
given-child = Le { $given }, nous avons donné des informations sur toi à des amis dans un autre pays : { $partner }.
given-they = Les données concernant la personne ont été transmises le { $given }. Destinataire : { $partner }.
received-you = Le { $given }, nous avons reçu des données qui vous concernent d'un partenaire à l'étranger : { $partner }.
received-child = Le { $given }, nous avons reçu des informations sur toi d'amis dans un autre pays : { $partner }.
received-they = Les données concernant la personne ont été reçues le { $given }. Expéditeur : { $partner }.
held-you = Nous conservons des données qui vous concernent.
held-child = Nous gardons des informations sur toi.
held-they = Des données concernant la personne sont conservées.

law-you = La loi dit que nous devons vous informer. Elle le dit ici :
law-child = Une règle dit que nous devons te le dire. C'est celle-ci :
law-they = La notification est due en vertu de :
agreement-you = Nous travaillons avec notre partenaire selon ces règles : { $agreement }.
agreement-child = Ces règles disent ce que nous avons le droit de faire : { $agreement }.
agreement-they = Accord : { $agreement }.

data-you = Voici de quel type de données il s'agit :
data-child = Voici de quelles informations il s'agit :
data-they = Catégories de données :
purpose-you = Voici à quoi elles servent : { $purpose }.
purpose-child = Voici à quoi elles servent : { $purpose }.
purpose-they = Activité : { $activity }. Finalité : { $purpose }.
kept-you = Les données seront effacées au plus tard le { $kept }.
kept-child = Les informations seront effacées au plus tard le { $kept }.
kept-they = À effacer au plus tard le { $kept }.
deferred-you = Nous n'avons pas pu vous le dire plus tôt. Du { $from } au { $to }, la loi nous permettait d'attendre. Voici pourquoi : { $ground } ({ $article }).
deferred-child = Nous avons dû attendre avant d'envoyer cette lettre, du { $from } au { $to }. Voici pourquoi : { $ground } ({ $article }).
deferred-they = La notification a été différée du { $from } au { $to }. Motif : { $ground } ({ $article }).

rights-you = Vous pouvez nous demander quelles données nous avons sur vous. Vous pouvez demander que nous les corrigions ou que nous les effacions. Vous pouvez nous dire que vous n'êtes pas d'accord.
rights-child = Tu peux nous demander ce que nous savons sur toi. Tu peux nous demander de le corriger ou de l'effacer. Demande à tes parents ou à un autre adulte de t'aider.
rights-they = La personne peut demander l'accès, la rectification, l'effacement et la limitation, s'opposer et introduire une réclamation.
turn-you = Vous pouvez aussi vous adresser ici :
turn-child = Ici aussi, on peut t'aider :
turn-they = Voies de recours :
until-you = Faites-le au plus tard le { $until }.
until-child = Fais-le au plus tard le { $until }.
until-they = Ouvertes jusqu'au { $until }.
number-you = Le numéro de cette lettre est { $number }. Indiquez-le quand vous nous écrivez.
number-child = Le numéro de cette lettre est { $number }.
number-they = Numéro de la notification : { $number }.

date = { $day ->
    [1] 1er
   *[other] { $day }
} { $month } { $year }
month-1 = janvier
month-2 = février
month-3 = mars
month-4 = avril
month-5 = mai
month-6 = juin
month-7 = juillet
month-8 = août
month-9 = septembre
month-10 = octobre
month-11 = novembre
month-12 = décembre

activity-threat_intel = partage de connaissances sur les attaques
activity-incident_response = réaction à une attaque
activity-vulnerability_handling = correction de points faibles
activity-criminal_investigation = enquête sur une infraction
activity-joint_investigation = enquête commune sur une infraction
activity-administrative = travail d'une administration

purpose-cyber_defence = arrêter des attaques contre des ordinateurs et des réseaux
purpose-incident_response = réagir à une attaque qui a eu lieu
purpose-vulnerability_handling = corriger des points faibles
purpose-public_warning = avertir la population
purpose-research = étudier les attaques
purpose-criminal_investigation = enquêter sur une infraction
purpose-criminal_proceeding = juger une infraction
purpose-joint_investigation = enquêter ensemble sur une infraction
purpose-sentence_execution = exécuter une peine
purpose-prevent_specific_threat_of_death = sauver une vie
purpose-prevent_serious_threat_to_minor = protéger un enfant
purpose-oversight = vérifier que les règles sont respectées
purpose-drug_investigation = enquêter sur une infraction liée à la drogue
purpose-tax_audit = contrôler ou percevoir des impôts
purpose-visa_decision = décider d'un visa
purpose-immigration_control = contrôler l'entrée et le séjour
purpose-regulate_lawful_activity_of_sharer = contrôler l'activité légale de celui qui a partagé
purpose-infringe_free_speech = poursuivre quelqu'un pour ses paroles
purpose-commercial = gagner de l'argent
purpose-employment_decision = décider d'un emploi
purpose-political_monitoring = surveiller des opinions politiques

category-indicator = des traces laissées par une attaque
category-threat_report = des rapports sur des attaques
category-infrastructure = des serveurs et des réseaux utilisés par une attaque
category-vulnerability = des points faibles de systèmes
category-observed_data = ce qui a été vu sur un réseau
category-traffic_data = qui a communiqué avec qui, quand et d'où
category-traffic_for_user_id = qui utilisait une ligne à un moment donné
category-content_data = le contenu de messages
category-subscriber_info = qui a un contrat avec un fournisseur
category-domain_registration = qui possède un nom sur Internet
category-identity_data = des noms et des comptes d'utilisateur
category-other = d'autres données

ground-obstruct_investigation = une enquête aurait été gênée
ground-prejudice_investigation = une enquête aurait été compromise
ground-public_security = la sécurité publique
ground-national_security = la sécurité de l'État
ground-rights_of_others = les droits d'autres personnes
ground-official_inquiry = une enquête officielle était en cours
ground-convenience = aucun motif que la loi connaît

party-AT = Autriche
party-AU = Australie
party-BE = Belgique
party-BG = Bulgarie
party-BR = Brésil
party-CA = Canada
party-CH = Suisse
party-CY = Chypre
party-CZ = Tchéquie
party-DE = Allemagne
party-DK = Danemark
party-EE = Estonie
party-ENISA = Agence de l'Union européenne pour la cybersécurité
party-ES = Espagne
party-EU = Union européenne
party-EUROPOL = Europol
party-FI = Finlande
party-FR = France
party-GB = Royaume-Uni
party-GR = Grèce
party-HR = Croatie
party-HU = Hongrie
party-IE = Irlande
party-INTERPOL = Interpol
party-IS = Islande
party-IT = Italie
party-JP = Japon
party-LI = Liechtenstein
party-LT = Lituanie
party-LU = Luxembourg
party-LV = Lettonie
party-MT = Malte
party-NL = Pays-Bas
party-NO = Norvège
party-PL = Pologne
party-PT = Portugal
party-RO = Roumanie
party-RS = Serbie
party-SE = Suède
party-SI = Slovénie
party-SK = Slovaquie
party-UA = Ukraine
party-US = États-Unis
party-XA = Arcadie
party-XB = Boréalie
party-XC = Cimmérie
